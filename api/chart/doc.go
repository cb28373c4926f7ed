// Package chart draws how many people reported something over time, as SVG and
// as PNG, from one model.
//
// Every drawing begins at zero and has an axis in reports a minute, so that two
// of them can be compared; charts that stand side by side are given the same Top.
// Where nobody listened there is a gap and no zero. A drawing is bounded however long
// the time is: what does not fit is drawn as the busiest minute of several, and
// the drawing says so. It knows no language: its words are handed in.
package chart
