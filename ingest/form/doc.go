// Package form takes reports from people: the page /report, which works without
// JavaScript, and POST /v1/reports for programs. Both decide who reports, where
// and about what, and hand the report to the pipeline; both answer only once
// the pipeline has it recorded.
package form
