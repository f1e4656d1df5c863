"""One module a state of the state machine, one public function a module."""
