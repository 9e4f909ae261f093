"""The ground floor: one module for each thing that every wing needs."""
