"""What the commands of `edgedet` do; `edgedet.cli` says how they are called."""
