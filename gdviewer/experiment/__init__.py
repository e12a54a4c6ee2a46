"""The document: what is run, from where, until when."""
