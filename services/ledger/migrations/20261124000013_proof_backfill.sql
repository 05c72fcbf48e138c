-- migrate:up transaction:false

-- Fills what is old, while the previous release's ledger goes on booking: its new links stay empty
-- until the contract. Only rows that nobody else changes are locked.
CALL fill_proof(links_max => 2000);
