"""`python -m dcgraph`: the program of the interpreter at hand."""

from dcgraph.cli.main import main

if __name__ == "__main__":
    main()
