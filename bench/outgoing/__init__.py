"""What `bench/sending.py` is made of: a sink, those who send to it, and what else is measured."""
