"""The files that Athena leaves in the output location, and how GetQueryResults reads them again."""
