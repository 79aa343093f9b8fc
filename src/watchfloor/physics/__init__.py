"""Textbook formulas: numbers in, numbers out.

What comes in: arrays and one immutable `radar.Radar`, in SI units and radians, power ratios linear unless a name ends
in ``_db``. What goes out: arrays of the same leading shape. Nothing here knows configuration, decides anything, keeps
state or draws random numbers; variates come in as arguments. Arrays broadcast.

=================  ======================================================================================
`frames`           WGS-84: geodetic, ECEF, east-north-up, polar about a sensor, aspect, geodesics
`detection`        threshold, probability of detection (Swerling 0 to 4), its inverse, the detector's density
`radar`            the immutable `Radar`, range equation, detection range, `look`
`accuracy`         error sigmas of range, angles and range rate
`atmosphere`       loss in oxygen and vapour (ITU-R P.676, P.835) and in rain (P.838), noise of the sky
`propagation`      effective earth, horizon, lobing, diffraction, knife edges, Blake chart
`refraction`       rays through a layered atmosphere, traced and tabulated; error of the 4/3 earth
`terrain`          lowest visible height by azimuth and range, lines of sight, viewsheds
`rcs`              radar cross-section: exact sphere, closed forms of simple bodies, tables by aspect and band
`physical_optics`  radar cross-section of a body of facets, with hard shadows and a flag of trust
`antenna`          patterns by taper, cosecant-squared beams, gain, losses of steering and scanning
`waveform`         pulses with linear FM, Barker and Frank codes, matched filter, ambiguity, windows
`clutter`          land, sea and rain, and how much of them a cell holds
`clutter_law`      Rayleigh, K, Weibull and lognormal clutter, detection in K clutter
`mti`              clutter spectra, cancellers and Doppler filters, blind speeds, staggers, folding
`ambiguity`        what a set of repetition frequencies resolves, and what it folds
`bistatic`         a receiver apart from its transmitter: geometry, ratio, ovals, forward scatter
`jamming`          noise jamming by power: jam-to-noise, burn-through range
`doppler`          shifts, blade flashes, engine lines
`fluctuation`      how echoes of looks are correlated, and how many looks they are worth
=================  ======================================================================================

Import what you need from the module that holds it; this file imports none of them.
"""
