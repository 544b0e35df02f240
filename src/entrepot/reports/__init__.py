"""Reports: tables that sellers ask for, each under the names that the generations know it by."""
