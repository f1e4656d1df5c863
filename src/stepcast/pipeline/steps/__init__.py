"""One module for each state of the state machine, with one public function each."""
