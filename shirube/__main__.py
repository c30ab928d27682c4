"""`python -m shirube` is the command `shirube`."""

from shirube.cli import main

main()
