"""The large synthetic set: the final generator's items in shards, their formats, the data card, a stream."""
