"""From a checkpoint to a model bundle; start at `train.export.bundle.export_bundle`."""
