"""DuckDB in separate processes: ``process`` runs there, ``pool`` starts, feeds and kills them."""
