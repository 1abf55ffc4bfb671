"""`python -m edgedet` is `edgedet`."""

from edgedet.cli import main

if __name__ == "__main__":
    main()
