"""What is done to any mesh: operators, subdivision, crossings and contacts, transfer of deformations."""
