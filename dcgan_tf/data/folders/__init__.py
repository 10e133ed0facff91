"""What lies in a folder of pictures: files, splits, classes, tables, and what is said of the rest."""
