"""Many runs, one table: a study file names graphs, data, outlier classes, seeds, evaluations."""
