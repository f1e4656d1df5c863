"""Other systems, above the pipeline: sources write files that a run reads, sinks read what
a published run left.

The pipeline and the engine never import a connector, and no connector imports another.
"""
