"""Rules and their surroundings: parameters, signatures, the oracle, options, results and errors."""
