"""One file of rows on many processes or machines: the same bytes as from one process, in order, resumable."""
