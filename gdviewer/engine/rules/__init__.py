"""Rules and what stands around them: parameters, signatures, the oracle, options, results and errors."""
