"""What makes a deployed node ready to start: secrets and certificates, databases and roles, the realm."""
