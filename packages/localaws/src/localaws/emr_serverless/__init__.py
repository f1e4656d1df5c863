"""EMR Serverless: job runs are carried out by a spark-submit of this machine."""
