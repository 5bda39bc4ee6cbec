import { audit } from '../../audit.ts'
import type { ApiContext } from '../../handler.ts'
import type { Principal } from '../../principal.ts'

type Type = 'SAVE_DHIS_MAPPING' | 'DELETE_DHIS_MAPPING' | 'IMPORT_MAPPING_SERVICE' | 'EXPORT_MAPPING_SERVICE' | 'EXPORT_ALL_MAPPINGS'

/** "User clerk added mapping HTS Service" */
export const audited = (
  ctx: ApiContext,
  { principal, requestId }: { principal: Principal; requestId: string },
  type: Type,
  did: string,
): Promise<void> => audit(ctx, { user: principal.name, type, message: `User ${principal.name} ${did}`, requestId })
