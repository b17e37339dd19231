"""From loops to hardware: every form a pipeline that starts an iteration of its whole nest each clock."""
