"""Training on several machines: who takes part, how they find each other, and what they tell each other.

`addresses.py` reads TF_CONFIG, `joining.py` connects the workers, and `workers.py` is all that the rest of
training knows of them. A run of one machine goes the same way, with one worker.
"""
