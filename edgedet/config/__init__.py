"""The configuration file: one section of settings in each module, loaded by `config.load`."""
