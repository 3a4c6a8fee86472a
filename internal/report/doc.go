// Package report turns the analysis of a run into a view, and renders that as text, Markdown and
// HTML; package site shows
// it as web pages. It never measures.
package report
