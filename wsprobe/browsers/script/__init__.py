"""What all engines share once there is a WebSocket object: state, arrivals, and what stays hidden."""
