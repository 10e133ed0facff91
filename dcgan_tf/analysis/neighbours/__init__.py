"""Find out whether a run memorises: search the training images nearest to each sample."""
