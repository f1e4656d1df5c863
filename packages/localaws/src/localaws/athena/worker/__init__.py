"""DuckDB in processes of its own: ``process`` is what runs there, ``pool`` starts, feeds and kills them."""
