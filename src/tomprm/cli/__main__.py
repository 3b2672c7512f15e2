"""`python -m tomprm.cli`, for workers and machines without the script on their path."""

from tomprm.cli import main

main()
