package server

// Linked returns the URL that links to a page have.
func (s *Site) Linked(page uint32) string { return s.linked(page) }
