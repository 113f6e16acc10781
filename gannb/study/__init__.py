"""What a person asks for: parameters, the study's folder, its copy of the data, external sources."""
