// Package sim makes minute counts of reports of which the truth is known, to
// measure detectors by. It knows nothing of any detector, and shares no formula
// with one: what it assumes about the world is written down here.
//
// A world is some services in some countries. A series has
//
//   - a mean rate of .001 to 10 reports a minute, from the size of its service, that of its country and its own luck;
//   - a shape of the day, in local time with its clock changes, with two harmonics, and of the week;
//   - drift: random walks of the service's and the series' level, in steps of a week;
//   - correlated noise: log-normal, autoregressive with a memory of 20 to 90 minutes, a part of it common to the countries of a service;
//   - friends who report together: one report in ten brings some more within ten minutes;
//   - harmless bursts: 1.5 to 2.75 times the rate for up to 40 minutes, 25 a year; talk in all countries at once, and
//     groups of two to five people within five minutes, whatever the rate.
//
// An outage adds reports: a ramp of 0 to 10 minutes, or of 30 to 90 (a slow
// leak), a height of .5 to 1000 a minute and at least three times the usual rate, a
// plateau that tires, and a fall of up to 5 minutes; for 5 minutes to 6 hours, in
// one or many countries. Same seed, same world.
//
// How hard the work is was set in a few steps, until the usual methods came out in
// about the order that is known of them. It is frozen since; no detector has been tuned on it before.
package sim
