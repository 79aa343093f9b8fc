"""Shapes that do not fit together are refused by name, whichever two arguments they belong to."""

from __future__ import annotations

import numpy as np
import pytest

from watchfloor.physics import (
    accuracy,
    antenna,
    atmosphere,
    bistatic,
    cfar,
    clutter,
    clutter_law,
    detection,
    doppler,
    jamming,
    mti,
    propagation,
    radar,
    rcs,
    refraction,
    terrain,
    waveform,
)
from watchfloor.physics._domain import agree, polarised
from watchfloor.physics.frames import Place

CARD = radar.Radar.of(
    frequency_hz=3e9, peak_power_w=1e5, pulse_width_s=1e-5, bandwidth_hz=1e6, n_coherent=8, n_pulses=1, gain_tx=3000.0,
    gain_rx=3000.0, noise_temperature_k=600.0, losses=10.0, beamwidth_azimuth_rad=0.03, beamwidth_elevation_rad=0.05,
    elevation_min_rad=0.0, elevation_max_rad=0.5, period_s=10.0, pfa=1e-6, range_min_m=1e3, range_max_m=3e5,
    range_rate_max_mps=700.0, measures_elevation=True, measures_range_rate=True,
)  # fmt: skip
SIGNATURE = rcs.SignatureTable(
    name="box", polarisation=("VV",), frequency_hz=np.array([1e9, 4e9]), elevation_rad=np.array([-1.0, 1.0]),
    azimuth_rad=np.array([0.0, np.pi]), dbsm=np.zeros((1, 2, 2, 2)), sigma_db=np.ones((1, 2, 2, 2)),
    origin=(("computed", "computed"),),
)  # fmt: skip
SEA = propagation.Surface(kind="sea")
RAYS = refraction.RayTable(refraction.Exponential(), 10.0)
VISIBLE = terrain.VisibleHeight(
    place=Place.from_degrees(0.0, 0.0, 10.0), k=4.0 / 3.0, azimuth_rad=np.array([0.0, np.pi]),
    range_m=np.array([0.0, 1e3]), height_m=np.zeros((2, 2), np.float32), mask_rad=np.zeros(2),
    ground_m=np.zeros((2, 2), np.float32),
)  # fmt: skip
PATH = {"height1_m": 20.0, "height2_m": 100.0, "ground_distance_m": 5e4}
BISTATIC = {
    "sigma_m2": 1.0, "energy_j": 1.0, "gain_tx": 1e3, "gain_rx": 1e3, "wavelength_m": 0.1,
    "noise_temperature_k": 290.0, "losses": 2.0,
}  # fmt: skip
SEARCH = {"solid_angle_sr": 1.0, "search_s": 10.0, "noise_temperature_k": 500.0, "losses": 2.0}
EMITTER = {"erp_w": 10.0, "bandwidth_hz": 5e7, "losses": 1.0}
AIR = {"frequency_hz": 1e10, "temperature_k": 288.0}

# function, what stays as it is, and the arguments that broadcast
TABLE = [
    (accuracy.sigma_range_m, {}, {"snr": 100.0, "bandwidth_hz": 1e6}),
    (accuracy.sigma_angle_rad, {}, {"snr": 100.0, "beamwidth_rad": 0.02, "off_axis_rad": 0.0}),
    (accuracy.sigma_range_rate_mps, {}, {"snr": 100.0, "wavelength_m": 0.1, "coherent_time_s": 0.01}),
    (antenna.aperture_gain, {}, {"area_m2": 1.0, "wavelength_m": 0.1, "efficiency": 0.6}),
    (antenna.directivity_from_beamwidths, {}, {"beamwidth_azimuth_rad": 0.02, "beamwidth_elevation_rad": 0.03}),
    (antenna.beamwidth_rad, {"factor": 0.886}, {"length_m": 3.0, "wavelength_m": 0.1}),
    (antenna.broadened_beamwidth, {}, {"beamwidth_rad": 0.02, "off_broadside_rad": 0.5}),
    (antenna.mean_sidelobe, {}, {"directivity": 1e3, "main_share": 0.8}),
    (atmosphere.specific_attenuation_db_per_m, {}, AIR | {"dry_pressure_pa": 1e5, "vapour_kgpm3": 0.0075}),
    (atmosphere.oxygen_and_vapour_db_per_m, {}, AIR | {"dry_pressure_pa": 1e5, "vapour_kgpm3": 0.0075}),
    (atmosphere.specific_attenuation_db_per_km, {}, AIR | {"dry_pressure_hpa": 1e3, "vapour_gpm3": 7.5}),
    (atmosphere.dry_pressure_pa, {}, {"total_pressure_pa": 1e5, "temperature_k": 288.0, "vapour_kgpm3": 0.0075}),
    (atmosphere.path_loss_db, {"frequency_hz": 1e10}, {"range_m": 0.0, "elevation_rad": 0.1}),
    (atmosphere.rain_coefficients, {}, {"frequency_hz": 1e10, "elevation_rad": 0.1, "tilt_rad": 0.0}),
    (
        atmosphere.rain_attenuation_db_per_km,
        {},
        {"frequency_hz": 1e10, "rain_mmph": 5.0, "elevation_rad": 0.1, "tilt_rad": 0.0},
    ),
    (atmosphere.sky_temperature_k, {}, {"frequency_hz": 1e10, "elevation_rad": 0.1}),
    (
        atmosphere.system_noise_temperature_k,
        {},
        {"antenna_temperature_k": 100.0, "noise_figure_db": 3.0, "line_loss": 1.2},
    ),
    (atmosphere.GasTable(3e9).two_way_db, {}, {"range_m": 1e5, "elevation_rad": 0.1}),
    (bistatic.bistatic_angle_rad, {}, {"range_tx_m": 30e3, "range_rx_m": 40e3, "baseline_m": 50e3}),
    (bistatic.receiver_range_m, {}, {"range_sum_m": 70e3, "baseline_m": 50e3, "off_baseline_rad": 0.1}),
    (bistatic.snr, {}, {"range_tx_m": 1e5, "range_rx_m": 1e5} | BISTATIC),
    (bistatic.range_product_m2, {}, {"snr_needed": 20.0} | BISTATIC),
    (bistatic.oval_radius_m, {}, {"angle_rad": 0.1, "range_product_m2": 1e10, "baseline_m": 1e5}),
    (bistatic.oval_area_m2, {}, {"range_product_m2": 1e10, "baseline_m": 1e5}),
    (bistatic.range_cell_m, {}, {"bandwidth_hz": 1e6, "bistatic_rad": 0.1}),
    (
        bistatic.doppler_hz,
        {},
        {"speed_mps": 300.0, "off_bisector_rad": 0.1, "bistatic_rad": 0.2, "wavelength_m": 0.1},
    ),
    (bistatic.forward_scatter_m2, {}, {"area_m2": 10.0, "wavelength_m": 1.0}),
    (cfar.pd, {"cfar": cfar.Cfar(kind="ca", n_reference=16)}, {"snr": 20.0, "pfa": 1e-6}),
    (cfar.required_snr, {"cfar": cfar.Cfar(kind="ca", n_reference=16)}, {"pd": 0.9, "pfa": 1e-6}),
    (clutter.sigma0_constant_gamma, {}, {"grazing_rad": 0.1, "gamma_db": -10.0}),
    (clutter.sigma0_nrl_sea, {}, {"frequency_hz": 3e9, "grazing_rad": 0.1, "sea_state": 3.0}),
    (clutter.weather_reflectivity, {}, {"frequency_hz": 3e9, "reflectivity_mm6pm3": 200.0}),
    (clutter.grazing_angle_rad, {}, {"height_m": 100.0, "range_m": 1e4}),
    (
        clutter.cell_area_m2,
        {},
        {
            "range_m": 1e4,
            "grazing_rad": 0.1,
            "range_cell_m": 150.0,
            "beamwidth_azimuth_rad": 0.02,
            "beamwidth_elevation_rad": 0.03,
        },
    ),
    (
        clutter.cell_volume_m3,
        {},
        {"range_m": 1e4, "range_cell_m": 150.0, "beamwidth_azimuth_rad": 0.02, "beamwidth_elevation_rad": 0.03},
    ),
    (clutter_law.effective_shape, {}, {"shape": 0.5, "cnr": 1.0}),
    (detection.pd, {}, {"snr": 20.0, "pfa": 1e-6}),
    (detection.required_snr, {}, {"pd": 0.9, "pfa": 1e-6}),
    (detection.marcum_q, {}, {"m": 1.0, "a": 1.0, "b": 2.0}),
    (detection.statistic_log_pdf, {}, {"z": 2.0, "snr": 1.0}),
    (detection.pd_coherent, {}, {"snr": 20.0, "pfa": 1e-6}),
    (doppler.doppler_hz, {}, {"range_rate_mps": 100.0, "wavelength_m": 0.1}),
    (doppler.range_rate_mps, {}, {"doppler_hz": 100.0, "wavelength_m": 0.1}),
    (
        doppler.bistatic_doppler_hz,
        {},
        {"range_rate_tx_mps": 100.0, "range_rate_rx_mps": 100.0, "wavelength_m": 0.1},
    ),
    (doppler.alias_hz, {}, {"frequency_hz": 1200.0, "prf_hz": 1000.0}),
    (doppler.blade_flash_rate_hz, {}, {"n_blades": 4, "rotor_hz": 5.0}),
    (doppler.blade_flash_duration_s, {}, {"blade_length_m": 6.0, "rotor_hz": 5.0, "wavelength_m": 0.1}),
    (doppler.tip_speed_mps, {}, {"radius_m": 6.0, "rotor_hz": 5.0}),
    (doppler.tip_doppler_hz, {}, {"radius_m": 6.0, "rotor_hz": 5.0, "wavelength_m": 0.1, "off_plane_rad": 0.0}),
    (doppler.jem_line_spacing_hz, {}, {"n_blades": 38, "spool_rpm": 3000.0}),
    (jamming.jam_to_noise, {"radar": CARD}, {"range_m": 1e5, "pattern": 1.0} | EMITTER),
    (jamming.snr_jammed, {}, {"snr": 100.0, "jam_to_noise": 9.0}),
    (jamming.jam_to_signal, {"radar": CARD}, {"target_range_m": 1e5, "sigma_m2": 1.0, "jam_to_noise": 9.0}),
    (
        jamming.burn_through_range_m,
        {"radar": CARD},
        {"sigma_m2": 1.0, "snr_needed": 20.0, "other_jam_to_noise": 1.0} | EMITTER,
    ),
    (jamming.crossover_range_m, {"radar": CARD}, {"sigma_m2": 1.0} | EMITTER),
    (mti.correlation, {}, {"lag_s": 1e-3, "spread_mps": 1.0, "wavelength_m": 0.1}),
    (mti.windblown_steady_ratio, {}, {"wind_mps": 10.0, "frequency_hz": 3e9}),
    (mti.scanning_spread_mps, {}, {"wavelength_m": 0.1, "scan_rate_radps": 1.0, "beamwidth_rad": 0.02}),
    (mti.mti_improvement, {"n_pulses": 3}, {"prf_hz": 1e3, "spread_mps": 1.0, "wavelength_m": 0.1}),
    (mti.mti_improvement_narrow, {"n_pulses": 3}, {"prf_hz": 1e3, "spread_mps": 1.0, "wavelength_m": 0.1}),
    (mti.blind_speeds_mps, {}, {"prf_hz": 1e3, "wavelength_m": 0.1}),
    (mti.fold_range, {}, {"range_m": 1e5, "prf_hz": 1e3}),
    (mti.fold_velocity, {}, {"velocity_mps": 100.0, "prf_hz": 1e3, "wavelength_m": 0.1}),
    (mti.range_visible, {}, {"range_m": 1e5, "prf_hz": 1e3, "pulse_width_s": 1e-6}),
    (
        mti.clear,
        {"prf_hz": [1e3, 1.1e3], "pulse_width_s": 1e-6, "wavelength_m": 0.1, "notch_mps": 3.0},
        {"range_m": 1e4, "velocity_mps": 50.0},
    ),
    (propagation.effective_radius_m, {}, {"gradient_n_per_km": -39.0, "earth_radius_m": 6.4e6}),
    (propagation.curvature_radius_m, {}, {"lat_rad": 1.0, "azimuth_rad": 0.1}),
    (propagation.horizon_m, {}, {"height1_m": 20.0, "height2_m": 100.0, "earth_radius_m": 6.4e6}),
    (propagation.visible, {}, PATH | {"earth_radius_m": 6.4e6}),
    (propagation.apparent_elevation_rad, {}, PATH | {"earth_radius_m": 6.4e6}),
    (propagation.sea_permittivity, {}, {"frequency_hz": 3e9, "temperature_c": 15.0, "salinity_gpkg": 35.0}),
    (propagation.sea_conductivity, {}, {"temperature_c": 15.0, "salinity_gpkg": 35.0}),
    (propagation.soil_permittivity, {}, {"frequency_hz": 3e9, "water": 0.2, "temperature_c": 15.0}),
    (propagation.fresnel_reflection, {"polarisation": "H"}, {"grazing_rad": 0.1, "permittivity": 4.0}),
    (propagation.roughness_factor, {}, {"rms_height_m": 0.5, "grazing_rad": 0.1, "wavelength_m": 0.1}),
    (propagation.two_ray_flat, {}, PATH | {"frequency_hz": 3e9, "reflection": -1.0}),
    (propagation.two_rays, {}, PATH | {"earth_radius_m": 6.4e6}),
    (
        propagation.two_ray_spherical,
        {"surface": SEA, "frequency_hz": 3e9, "polarisation": "H"},
        PATH | {"earth_radius_m": 6.4e6},
    ),
    (
        propagation.propagation_factor,
        {"surface": SEA, "frequency_hz": 3e9, "polarisation": "H"},
        PATH | {"earth_radius_m": 6.4e6},
    ),
    (
        propagation.smooth_earth_loss_db,
        {"frequency_hz": 3e9, "permittivity": 70 - 30j, "polarisation": "V"},
        PATH | {"earth_radius_m": 6.4e6},
    ),
    (
        propagation.fresnel_v,
        {},
        {"height_m": 1.0, "distance1_m": 1e3, "distance2_m": 1e3, "wavelength_m": 0.1},
    ),
    (propagation.fresnel_radius_m, {}, {"distance1_m": 1e3, "distance2_m": 1e3, "wavelength_m": 0.1}),
    (radar.snr, {"radar": CARD}, {"range_m": 1e5, "sigma_m2": 1.0, "gas_loss_db": 0.5}),
    (radar.detection_range, {"radar": CARD}, {"sigma_m2": 1.0, "pd": 0.9}),
    (
        radar.detection_range,
        {"radar": CARD, "gas": atmosphere.GasTable(3e9)},
        {"sigma_m2": 1.0, "pd": 0.9, "elevation_rad": 0.1},
    ),
    (radar.search_snr, {}, {"power_aperture_wm2": 1e5, "range_m": 1e5, "sigma_m2": 1.0} | SEARCH),
    (radar.search_range, {}, {"power_aperture_wm2": 1e5, "snr": 20.0, "sigma_m2": 1.0} | SEARCH),
    (radar.power_aperture, {}, {"snr": 20.0, "range_m": 1e5, "sigma_m2": 1.0} | SEARCH),
    (
        radar.track_snr,
        {},
        {
            "power_aperture_wm2": 1e5,
            "gain_tx": 1e3,
            "range_m": 1e5,
            "sigma_m2": 1.0,
            "update_s": 1.0,
            "n_tracks": 5.0,
            "noise_temperature_k": 500.0,
            "losses": 2.0,
        },
    ),
    (
        rcs.table_m2,
        {"table": SIGNATURE, "polarisation": "VV"},
        {"frequency_hz": 2e9, "azimuth_rad": 0.1, "elevation_rad": 0.1},
    ),
    (
        rcs.table_sigma_db,
        {"table": SIGNATURE, "polarisation": "VV"},
        {"frequency_hz": 2e9, "azimuth_rad": 0.1, "elevation_rad": 0.1},
    ),
    (rcs.luneburg_m2, {}, {"radius_m": 0.5, "frequency_hz": 1e10}),
    (rcs.add_incoherent, {}, {"sigma_a_m2": 1.0, "sigma_b_m2": 1.0}),
    (rcs.mie_sphere_m2, {}, {"radius_m": 0.1, "frequency_hz": 3e9}),
    (
        rcs.plate_m2,
        {},
        {"width_m": 1.0, "height_m": 1.0, "frequency_hz": 1e10, "off_normal_rad": 0.1, "around_rad": 0.2},
    ),
    (rcs.disc_m2, {}, {"radius_m": 1.0, "frequency_hz": 1e10, "off_normal_rad": 0.1}),
    (rcs.dihedral_m2, {}, {"width_m": 1.0, "length_m": 1.0, "frequency_hz": 1e10, "off_bisector_rad": 0.1}),
    (rcs.trihedral_m2, {"shape": "triangular"}, {"edge_m": 1.0, "frequency_hz": 1e10}),
    (rcs.cylinder_m2, {}, {"radius_m": 1.0, "length_m": 1.0, "frequency_hz": 1e10, "off_broadside_rad": 0.1}),
    (rcs.tip_m2, {}, {"half_angle_rad": 0.3, "frequency_hz": 1e10}),
    (rcs.cone_nose_m2, {}, {"base_radius_m": 1.0, "half_angle_rad": 0.3, "frequency_hz": 1e10}),
    (
        rcs.frustum_m2,
        {},
        {"small_radius_m": 0.5, "large_radius_m": 1.0, "half_angle_rad": 0.3, "frequency_hz": 1e10},
    ),
    (rcs.ogive_m2, {}, {"length_m": 2.0, "radius_m": 0.3, "frequency_hz": 1e10, "aspect_rad": 0.0}),
    (
        rcs.ellipsoid_m2,
        {},
        {"semi_x_m": 1.0, "semi_y_m": 1.0, "semi_z_m": 1.0, "frequency_hz": 1e10, "azimuth_rad": 0.1},
    ),
    (refraction.horizon_m, {"atmosphere": refraction.Exponential()}, {"height1_m": 20.0, "height2_m": 100.0}),
    (RAYS.corrections, {}, {"ground_range_m": 5e4, "target_height_m": 100.0}),
    (VISIBLE.at, {}, {"azimuth_rad": 0.1, "range_m": 500.0}),
    (terrain.visible, {"table": VISIBLE}, {"azimuth_rad": 0.1, "range_m": 500.0, "height_m": 100.0}),
    (terrain.ground_visible, {"table": VISIBLE}, {"azimuth_rad": 0.1, "range_m": 500.0}),
    (waveform.lfm_ambiguity, {"pulse_width_s": 1e-5, "bandwidth_hz": 1e6}, {"delay_s": 1e-6, "doppler_hz": 100.0}),
    (waveform.compression_ratio, {}, {"pulse_width_s": 1e-5, "bandwidth_hz": 1e6}),
]


@pytest.mark.parametrize(("function", "fixed", "given"), TABLE, ids=lambda v: getattr(v, "__qualname__", ""))
def test_shapes_that_do_not_fit_are_refused_by_name(function, fixed, given):
    names = list(given)
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            mixed = given | {first: np.full(2, given[first]), second: np.full(3, given[second])}
            with pytest.raises(ValueError, match=rf"\b{first}\b") as error:
                function(**fixed, **mixed)
            message = str(error.value)
            assert second in message, message
            assert "operands" not in message, message
            assert "axis" in message, message


def test_a_list_of_unequal_rows_is_no_mixed_shape():
    with pytest.raises(ValueError, match="inhomogeneous"):
        agree(range_m=[[1.0], [2.0, 3.0]], sigma_m2=1.0)


@pytest.mark.parametrize("plane", ["H", "V"])
def test_a_polarisation_may_be_spelt_in_any_case_doubled_or_not(plane):
    for spelt in (plane, plane.lower(), 2 * plane, 2 * plane.lower()):
        assert polarised(spelt) == plane
        assert clutter.sigma0_nrl_sea(3e9, 0.1, 3, polarisation=spelt) == clutter.sigma0_nrl_sea(
            3e9, 0.1, 3, polarisation=plane
        )
        assert propagation.fresnel_reflection(0.1, 70 - 30j, spelt) == propagation.fresnel_reflection(
            0.1, 70 - 30j, plane
        )
        path = (20.0, 100.0, 8e4)
        assert propagation.smooth_earth_loss_db(1e9, 70 - 30j, spelt, *path) == propagation.smooth_earth_loss_db(
            1e9, 70 - 30j, plane, *path
        )
        assert atmosphere.rain_attenuation_db_per_km(
            1e10, 25.0, polarisation=spelt
        ) == atmosphere.rain_attenuation_db_per_km(1e10, 25.0, polarisation=plane)


@pytest.mark.parametrize("wrong", ["hv", "X", "", None])
def test_a_polarisation_that_is_no_plane_is_refused_with_the_spellings(wrong):
    with pytest.raises(ValueError, match="polarisation must be H or V .*hh or vv"):
        polarised(wrong)
    with pytest.raises(ValueError, match="polarisation must be H or V .*circular"):
        atmosphere.rain_attenuation_db_per_km(1e10, 25.0, polarisation=wrong or "left")
