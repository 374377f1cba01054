"""Shield, gate, certificate, authority, lifecycle, rollback and audit; knows no learning."""
