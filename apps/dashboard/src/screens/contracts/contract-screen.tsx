import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import type { ContractDocument } from '@lovage/http-api';
import { useContracts } from '../../api/queries/lists.ts';
import { useMay } from '../../api/use-session.ts';
import { Loaded } from '../../parts/loaded.tsx';
import { EmptyState } from '../../ui/feedback.tsx';
import { Page } from '../../ui/page.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { RunTab } from './run/run-tab.tsx';
import { SchemasTab } from './schemas-tab.tsx';
import type { ContractTab } from './search.ts';
import { StatsTab } from './stats-tab.tsx';

const route = getRouteApi('/frame/contracts/$name');

export function ContractScreen() {
  const { name } = route.useParams();
  const list = useContracts();
  const contract = list.data?.items.find((one) => one.name === name);
  return (
    <Page
      title={name}
      about={contract?.summary}
      actions={
        <Link to="/tasks" search={{ q: `name:${name}` }}>
          Its tasks
        </Link>
      }
    >
      <Loaded query={list} what="The contract could not be read" lines={8}>
        {() =>
          contract ? (
            <Contract key={name} contract={contract} />
          ) : (
            <EmptyState title="There is no such contract" action={<Link to="/contracts">All contracts</Link>}>
              This gateway knows no contract of this name.
            </EmptyState>
          )
        }
      </Loaded>
    </Page>
  );
}

function Contract({ contract }: { contract: ContractDocument }) {
  const may = useMay('operator');
  const { tab: wanted, range = 'day' } = route.useSearch();
  const navigate = useNavigate();
  const first: ContractTab = may ? 'run' : 'schemas';
  const tab = wanted === undefined || (wanted === 'run' && !may) ? first : wanted;
  const open = (next: ContractTab): void =>
    void navigate({
      to: '/contracts/$name',
      params: { name: contract.name },
      search: { ...(next !== first && { tab: next }), ...(range !== 'day' && { range }) },
      replace: true,
    });
  return (
    <Tabs<ContractTab>
      label="Parts of the contract"
      value={tab}
      onChange={open}
      tabs={[
        ...(may ? [{ value: 'run' as const, label: 'Run' }] : []),
        { value: 'schemas', label: 'Schemas and options' },
        { value: 'stats', label: 'Rates and times' },
      ]}
    >
      {tab === 'run' && <RunTab contract={contract} />}
      {tab === 'schemas' && <SchemasTab contract={contract} />}
      {tab === 'stats' && <StatsTab contract={contract.name} range={range} />}
    </Tabs>
  );
}
