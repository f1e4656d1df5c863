"""IAM as moto has it, with AWS's managed policies at hand."""
