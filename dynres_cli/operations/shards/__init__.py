"""Runs whose output is cut into shards: who goes where, pictures staged by workers, shards put together from them."""
