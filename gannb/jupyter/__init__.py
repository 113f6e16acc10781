"""What a person uses in JupyterLab: the index of studies, widgets, and running the notebooks in order."""
