"""Step Functions that really execute: moto's interpreter, with what it lacks. One file a patch."""
