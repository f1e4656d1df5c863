"""PMML: one item's forecast as a file that JPMML, PMML4S and what is built on them compute."""
