import { Rows3 } from 'lucide-react';
import { DensityChoice } from '../../app/preference-choice.tsx';
import { IconButton } from '../../ui/button.tsx';
import { Menu } from '../../ui/menu.tsx';

/** How high rows are, where there are many of them. */
export function RowMenu() {
  return (
    <Menu
      trigger={
        <IconButton label="Height of rows" kind="plain">
          <Rows3 size={15} />
        </IconButton>
      }
    >
      <DensityChoice />
    </Menu>
  );
}
