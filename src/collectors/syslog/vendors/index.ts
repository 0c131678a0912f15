import type { Vendor } from '../vendor.ts';
import { a10 } from './a10.ts';
import { asa } from './asa.ts';
import { huawei } from './huawei.ts';
import { iosXr } from './ios-xr.ts';
import { junosServices } from './junos-services.ts';
import { junos } from './junos.ts';
import { mikrotik } from './mikrotik.ts';

/** All whose lines are understood, in the order in which they are tried. */
export const VENDORS: readonly Vendor[] = [junos, junosServices, asa, huawei, iosXr, a10, mikrotik];

export const VENDOR_NAMES: readonly string[] = VENDORS.map(({ name }) => name);
