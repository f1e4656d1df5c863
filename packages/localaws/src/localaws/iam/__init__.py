"""IAM: permissions are decided here, on the policies that moto stores."""
