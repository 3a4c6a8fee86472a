// Package profile takes CPU, block and mutex profiles of crawls, and keeps of them what belongs to the crawls.
//
// In a child process that runs a profile pass, a Collector wraps the crawls and gives out profiles in pprof's format;
// afterwards the package reads them, and scales one to another so that they can be subtracted.
package profile
