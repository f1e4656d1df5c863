"""Connectors to other systems, built on top of the pipeline.

Sources write files that a run reads; sinks read the results of a published run. The pipeline and the engine
never import a connector, and no connector imports another.
"""
