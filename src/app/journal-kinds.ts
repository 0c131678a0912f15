/** The journal entries of the machine itself; those of people are in src/disclosure. */

/** The recorder's newest batch and its chain: ties each day's rows to the journal (R8). */
export const ANCHOR_KIND = 'records.anchor';
/** A day was deleted because its time is over (R9). */
export const DELETED_KIND = 'retention.deleted';
export const STARTED_KIND = 'system.started';
export const STOPPED_KIND = 'system.stopped';
export const DAMAGED_KIND = 'records.set-aside';
export const REGIONS_KIND = 'regions.updated';
/** The run before this one ended without a stop. */
export const CRASHED_KIND = 'system.crashed';
/** The recorder had ended within a run and was started again. */
export const RECORDER_KIND = 'records.recorder-crashed';
/** The collectors' process ended without being asked, and is replaced. */
export const COLLECTORS_KIND = 'collectors.ended';
/** Files of a source were imported: their digests and what was in them. */
export const IMPORT_KIND = 'records.imported';
/** A gateway worker ended without being asked, and is replaced. */
export const WORKER_KIND = 'gateway.worker-ended';
/** Another configuration is taken over (SIGHUP): its digest and the keys that differ. */
export const CONFIG_KIND = 'config.reloaded';
/** It could not be; everything is as before. */
export const CONFIG_REFUSED_KIND = 'config.refused';
