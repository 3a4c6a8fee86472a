// Package profile records CPU, block and mutex profiles of crawls, without what does not belong to
// the crawls.
//
// In a child process that runs a profile pass, a Collector wraps the crawls and returns profiles in
// pprof's format. The package also reads such files, scales one profile to another so that they can
// be subtracted, and shows profiles in pprof's own web UI, as an HTTP handler or as a page that needs
// no server. It is the only package that imports pprof's driver.
package profile
